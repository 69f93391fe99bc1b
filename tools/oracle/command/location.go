package command

import "strings"

// IsArchive tells a single-file archive, whose only packfile answers to any name.
func IsArchive(location string) bool { return strings.HasSuffix(location, ".ptar") }

// IsRemote tells the address of a store server.
func IsRemote(location string) bool {
	return strings.HasPrefix(location, "http://") || strings.HasPrefix(location, "https://")
}
