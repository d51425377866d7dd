package main

import "testing"

// The slots in the table of docs/placement.md.
var vectors = map[string]uint32{
	"":                     0,
	"a":                    15495,
	"user:1":               10778,
	"123456789":            12739,
	"Straße":               3130,
	"漢字":                   14191,
	"😀":                    2959,
	"{user:1}:name":        10778,
	"a{user:1}b{c}":        10778,
	"{}user:1":             8914,
	"x{}{user:1}":          5764,
	"{user:1":              9556,
	"{{a}}":                10276,
	"{user1000}.following": 3443,
	"foo{}{bar}":           8363,
	"foo{{bar}}zap":        4015,
	"foo{bar}{zap}":        5061,
}

func TestSlotOfKeyIsThatOfTheNodes(t *testing.T) {
	for key, slot := range vectors {
		if slotOfKey(key) != slot {
			t.Errorf("%q: %d, not %d", key, slotOfKey(key), slot)
		}
	}
}

func TestShardIsARangeOfSlots(t *testing.T) {
	if shard := shardOfKey("user:1", 16); shard != 10 {
		t.Errorf("shard %d of 16, not 10", shard)
	}
}
