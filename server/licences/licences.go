// Package licences holds the licences of the Go modules that are compiled into
// the program, as text. Those of the browser's packages and of the fonts are
// made with the bundle, and lie in it.
package licences

import _ "embed"

//go:generate go run ./collect -out modules.txt -of ..

// Modules names each module with its version, and gives its licence.
//
//go:embed modules.txt
var Modules string
