"""The front door: run the bot, on paper by default, with money only when asked for by name.

python run_live_bot.py
python run_live_bot.py --mode live --config config/bot.yaml
"""

import sys

from cli import main

if __name__ == "__main__":
    main(["trade", *sys.argv[1:]])
