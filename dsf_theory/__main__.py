"""``python -m dsf_theory``."""

import sys

from dsf_theory.cli import main

sys.exit(main())
