"""What a notebook needs: interpreter, distributions and native libraries. Pure; files come in through ports."""
