"""The decision core: pure, standard library only. Read it and you know every decision the bot can make."""
