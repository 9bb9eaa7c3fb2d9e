//go:build tools

// Names notation, so that its version and what it is built of are pinned here; its program is built as it is.
package main

import _ "github.com/notaryproject/notation/cmd/notation"
