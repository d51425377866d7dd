/** The version of the package, and the version of the format that the nodes of a cluster share. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The version of the format that all nodes of a cluster share: of their messages (proto/kv/internal/v1), of the stream
 * that carries these, and of the cluster's `config` in ZooKeeper. It grows when a node of the previous version would
 * misunderstand a message, or could not replicate with this one.
 */
export const formatVersion = 6;

/** The version in package.json, which is searched upwards because these files run from source and from dist. */
export function packageVersion(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
    if (folder === dirname(folder)) return 'unknown';
  }
}
