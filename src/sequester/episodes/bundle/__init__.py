"""The run bundle: Sequester's own format for what happened in a training run. Its specification is `docs/format.md`."""
