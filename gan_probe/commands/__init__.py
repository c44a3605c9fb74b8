"""One file a command of `gan-probe`."""
