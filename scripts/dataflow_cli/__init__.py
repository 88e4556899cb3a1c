"""The command-line client of Data Flow. scripts/dataflow starts it; command_line.py is where to begin reading."""

__version__ = "0.1.0"  # as the other programs have it
