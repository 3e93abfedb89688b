"""``python -m dsf_theory``."""

import sys

from dsf_theory.commands.parser import main

sys.exit(main())
