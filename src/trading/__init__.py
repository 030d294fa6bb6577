"""The running bot: edges, state machines and the one loop."""
