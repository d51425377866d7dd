package main

import "strings"

const slots = 16384

// slotOfKey is the CRC-16/XMODEM of the key in UTF-8, or of the text in its first pair of braces, as in Redis Cluster
// (docs/placement.md).
func slotOfKey(key string) uint32 {
	if begin := strings.IndexByte(key, '{'); begin >= 0 {
		if length := strings.IndexByte(key[begin+1:], '}'); length > 0 {
			key = key[begin+1 : begin+1+length]
		}
	}
	return uint32(crc16(key)) % slots
}

func shardOfKey(key string, shardCount uint32) uint32 {
	return slotOfKey(key) * shardCount / slots
}

func crc16(text string) uint16 {
	remainder := uint16(0)
	for at := 0; at < len(text); at++ {
		remainder ^= uint16(text[at]) << 8
		for bit := 0; bit < 8; bit++ {
			if remainder&0x8000 == 0 {
				remainder <<= 1
			} else {
				remainder = remainder<<1 ^ 0x1021
			}
		}
	}
	return remainder
}
