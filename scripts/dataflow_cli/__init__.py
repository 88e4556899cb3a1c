"""The command-line client of Data Flow. scripts/dataflow starts it; command_line.py is where to begin reading."""
