"""From numbers to intervals: one idea a file, each with its source."""
