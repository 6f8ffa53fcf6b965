# cmake --install: filled in below as targets exist.
