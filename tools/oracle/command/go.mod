module oracle/command

go 1.24.0

// The oldest of the two lines: only what both libraries have may be used here. Each program's own go.mod decides which one is built.
require github.com/PlakarKorp/kloset v1.0.12

require (
	github.com/gabriel-vasile/mimetype v1.4.11
	github.com/pkg/xattr v0.4.12
	golang.org/x/sys v0.38.0
)
