"""What every room is built on: frozen data classes, arrays, plain tables, TOML. Knows no network, chip or finding."""
