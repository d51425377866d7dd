package main

import (
	"hash/crc32"
	"strings"
)

// keyHash is the CRC-32 of the key in UTF-8, or of the text in its first pair of braces (docs/placement.md).
func keyHash(key string) uint32 {
	if begin := strings.IndexByte(key, '{'); begin >= 0 {
		if length := strings.IndexByte(key[begin+1:], '}'); length > 0 {
			key = key[begin+1 : begin+1+length]
		}
	}
	return crc32.ChecksumIEEE([]byte(key))
}

func shardOfKey(key string, shardCount uint32) uint32 {
	return keyHash(key) % shardCount
}
