package main

import "testing"

// The hashes in the table of docs/placement.md.
var vectors = map[string]uint32{
	"":              0x00000000,
	"a":             0xe8b7be43,
	"user:1":        0x7ba5c282,
	"123456789":     0xcbf43926,
	"Straße":        0x47826b51,
	"漢字":            0x9961bbaf,
	"😀":             0x054db544,
	"{user:1}:name": 0x7ba5c282,
	"a{user:1}b{c}": 0x7ba5c282,
	"{}user:1":      0xd3c08065,
	"x{}{user:1}":   0xb30eafcd,
	"{user:1":       0xb964388e,
	"{{a}}":         0xb7a7e30c,
}

func TestKeyHashIsThatOfTheNodes(t *testing.T) {
	for key, hash := range vectors {
		if keyHash(key) != hash {
			t.Errorf("%q: %#08x, not %#08x", key, keyHash(key), hash)
		}
	}
}
