"""`python -m gan_probe` is `gan-probe`."""

from gan_probe import cli

if __name__ == "__main__":
    cli.run()
