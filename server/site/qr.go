package site

import (
	"fmt"
	"image/color"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// quietZone is the margin that ISO/IEC 18004 asks for around a code, in modules.
const quietZone = 4

// qrCode draws a text as a QR code, in SVG. It is dark on white whatever the
// theme: not every reader takes the opposite.
func qrCode(text string) ([]byte, error) {
	// Level M restores 15 %: more would mean smaller modules, and those are
	// what the back row lacks.
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("the address %s makes no QR code: %w", shorten(text, 100), err)
	}
	area := code.Bounds()
	size := area.Dx() + 2*quietZone
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="`, size, size, size, size)
	for y := range area.Dy() {
		for x := 0; x < area.Dx(); {
			wide := 0
			for x+wide < area.Dx() && isDark(code.At(area.Min.X+x+wide, area.Min.Y+y)) {
				wide++
			}
			if wide > 0 {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x+quietZone, y+quietZone, wide, wide)
			}
			x += wide + 1
		}
	}
	b.WriteString(`"/></svg>`)
	return []byte(b.String()), nil
}

func isDark(c color.Color) bool {
	grey, _, _, _ := c.RGBA()
	return grey < 0x8000
}
