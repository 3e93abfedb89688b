"""``python -m dsf_theory``."""

import sys

try:
    from dsf_theory.commands.parser import main

    sys.exit(main())
except KeyboardInterrupt:  # before a command was chosen
    sys.exit(130)
