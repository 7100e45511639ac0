"""Run the command line as `python -m neurodeploy`."""

from neurodeploy.cli import main

main()
