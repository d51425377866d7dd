/** What a scan makes of a log that is damaged, cut or incomplete. */
import { beforeAll, describe, expect, test } from 'vitest';
import { sectorBytes } from './batch-format.js';
import { MemoryFiles } from './memory-files.fixture.js';
import { segmentPath } from './segment-file.js';
import { segmentHeaderBytes } from './segment-header.js';
import { folder, payloadOf, replicaOf, type ScannedLog, scanAll, segmentBytes, TestLog } from './wal.fixture.js';

interface KeptRecord {
  readonly segment: number;
  /** Where the batch that consists of this record ends. */
  readonly end: number;
  readonly payload: string;
}

const replica = replicaOf(0);
let intact: MemoryFiles;
const kept: KeptRecord[] = [];
let oldest: number;
let newest: number;

/** Three segments of batches with one record each; each record is acknowledged. */
beforeAll(async () => {
  intact = new MemoryFiles();
  const opened = await TestLog.open(intact);
  const journal = opened.journal(replica);
  for (let index = 0; ; index++) {
    const payload = payloadOf(`record ${index} `, 30 + ((index * 37) % 700));
    await journal.append(1, payload, index + 1);
    kept.push({ segment: journal.oldestNeeded!, end: 0, payload: payload.toString() });
    if (opened.log.bytes > 2 * segmentBytes + segmentHeaderBytes + 1_500) break;
  }
  await opened.log.close();
  const { records, outcome } = scanAll(intact);
  expect(records.map(({ payload }) => payload)).toEqual(kept.map(({ payload }) => payload));
  expect(outcome).toMatchObject({ kind: 'end', segment: 3 });
  oldest = records[0]!.segment;
  newest = outcome.segment;
  kept.splice(0, kept.length, ...records.map(({ segment, payload }) => ({ segment, end: 0, payload })));
  findEnds();
});

/** Where each batch ends: the shortest beginning of its segment with which its record is found. */
function findEnds(): void {
  for (const [index, record] of kept.entries()) {
    let [tooShort, end] = [0, segmentBytes];
    while (end - tooShort > 1) {
      const middle = Math.floor((tooShort + end) / 2);
      if (scanCut(record.segment, middle).records.length > index) end = middle;
      else tooShort = middle;
    }
    kept[index] = { ...record, end };
  }
}

function changed(segment: number, change: (content: Buffer) => Buffer): ScannedLog {
  const files = intact.afterExit();
  const file = files.files.get(segmentPath(folder, segment))!;
  file.content = change(file.content);
  return scanAll(files);
}

function scanCut(segment: number, length: number): ScannedLog {
  return changed(segment, (content) => content.subarray(0, length));
}

/** The records before the batch that a byte belongs to, or before the first batch for a byte of the header. */
function recordsBefore(segment: number, position: number): string[] {
  return kept
    .filter((record) => record.segment < segment || (record.segment === segment && position >= record.end))
    .filter((record) => record.segment < segment || position >= segmentHeaderBytes)
    .map(({ payload }) => payload);
}

const payloadsOf = ({ records }: ScannedLog): string[] => records.map(({ payload }) => payload);

describe.each([
  ['the newest segment', () => newest],
  ['the oldest segment', () => oldest],
])('%s', (_, segmentOf) => {
  test('cut at any byte is damaged, and every record before the cut is found', () => {
    const segment = segmentOf();
    for (let length = 0; length < segmentBytes; length++) {
      const found = scanCut(segment, length);
      expect(found.outcome, `cut at ${length}`).toMatchObject({ kind: 'damaged', segment });
      expect(payloadsOf(found), `cut at ${length}`).toEqual(recordsBefore(segment, length));
    }
  });

  test('with a bit flipped anywhere is found to be changed, and no record is lost or changed unnoticed', () => {
    const segment = segmentOf();
    const used = Math.max(...kept.filter((record) => record.segment === segment).map(({ end }) => end));
    for (let position = 0; position < segmentBytes; position++) {
      const found = changed(segment, (content) => {
        content[position]! ^= 1 << ((position * 5 + 3) % 8);
        return content;
      });
      // Behind the last batch of the newest segment, a bit looks like the rest of a batch that was not kept.
      const isBehind = segment === newest && position >= used;
      expect(found.outcome, `bit at ${position}`).toMatchObject({
        kind: isBehind ? expect.stringMatching(/torn|damaged/) : 'damaged',
        segment,
      });
      expect(payloadsOf(found), `bit at ${position}`).toEqual(recordsBefore(segment, position));
    }
  });
});

test('a segment that is missing is damage, and what comes before it is found', () => {
  const files = intact.afterExit();
  files.remove(segmentPath(folder, oldest + 1));
  const found = scanAll(files);
  expect(found.outcome).toMatchObject({ kind: 'damaged', segment: oldest + 1, position: 0 });
  expect(payloadsOf(found)).toEqual(kept.filter(({ segment }) => segment === oldest).map(({ payload }) => payload));
});

test('a segment that the device cannot read is damage; another error of a read ends the scan', () => {
  for (const failing of [1, 2]) {
    const files = intact.afterExit();
    let reads = 0;
    const failWith = (code: string) => (operation: string, path: string) => {
      if (operation !== 'read' || path !== segmentPath(folder, newest)) return;
      // The first one only finds out that a later segment has batches.
      if (reads++ >= failing) throw Object.assign(new Error('the device is broken'), { code });
    };
    files.before = failWith('EIO');
    const found = scanAll(files);
    expect(found.outcome).toMatchObject({ kind: 'damaged', segment: newest });
    expect(payloadsOf(found)).toEqual(recordsBefore(newest, 0));
    reads = 0;
    files.before = failWith('EACCES');
    expect(() => scanAll(files)).toThrow('the device is broken');
  }
});

test('a batch that is replaced by zeros is damage, unless it is the last one of the log', () => {
  for (const segment of [oldest, newest]) {
    const inSegment = kept.filter((record) => record.segment === segment);
    expect(inSegment.length).toBeGreaterThan(2);
    for (const [index, { end }] of inSegment.entries()) {
      const start = index === 0 ? segmentHeaderBytes : inSegment[index - 1]!.end;
      const found = changed(segment, (content) => content.fill(0, start, end));
      const isLast = segment === newest && index === inSegment.length - 1;
      expect(found.outcome.kind, `batch ${index} of segment ${segment}`).toBe(isLast ? 'end' : 'damaged');
      expect(payloadsOf(found)).toEqual(recordsBefore(segment, start));
    }
  }
});

test('bytes between two batches that are not zero are damage', async () => {
  const files = new MemoryFiles();
  const opened = await TestLog.open(files);
  const journal = opened.journal(replica);
  const roomBytes = 16;
  // With the record of the checkpoint, the first batch ends 16 bytes before the end of its sector, where no head fits.
  await journal.append(1, payloadOf('x', sectorBytes - roomBytes - 96), 1);
  await journal.append(1, payloadOf('y'), 2);
  const start = segmentHeaderBytes + sectorBytes - roomBytes;
  for (let position = start; position < start + roomBytes; position++) {
    const left = files.afterExit();
    const { content } = left.files.get(segmentPath(folder, 1))!;
    expect(content[position]).toBe(0);
    content[position] = 1;
    const found = scanAll(left);
    expect(found.outcome).toMatchObject({ kind: 'damaged', position: start });
    expect(found.records).toHaveLength(1);
  }
  await opened.log.close();
});

test('after damage the log continues behind the last valid batch', async () => {
  for (const [segment, position] of [
    [newest, 5_000],
    [oldest, 5_000],
    [oldest + 1, 10],
    [oldest, 10],
    [newest, segmentHeaderBytes + 1],
  ] as const) {
    const files = intact.afterExit();
    files.files.get(segmentPath(folder, segment))!.content[position]! ^= 0x40;
    const before = payloadsOf(scanAll(files));
    const opened = await TestLog.open(files, {}, [replica]);
    for (let index = 0; index < 30; index++)
      await opened.journal(replica).append(1, payloadOf(`later ${index}`, 500), 1_000 + index);
    await opened.log.close();
    const found = scanAll(files);
    expect(found.outcome.kind).toBe('end');
    expect(payloadsOf(found).slice(0, before.length)).toEqual(before);
    expect(found.records).toHaveLength(before.length + 30);
    expect(files.openFiles).toBe(0);
  }
});

/** Room for the batches of these tests. */
const options = { segmentBytes: 4 * segmentBytes };

/** A log whose last batch was written, but not flushed, when the power failed; and the sectors that the batch touches. */
async function beforeLastFlush(payload: Buffer): Promise<{ readonly files: MemoryFiles; readonly sectors: readonly number[] }> {
  const files = new MemoryFiles();
  const opened = await TestLog.open(files, options);
  const journal = opened.journal(replica);
  await journal.append(1, payloadOf('kept', 333), 1);
  const { position } = scanAll(files.afterExit()).outcome;
  files.before = (operation, path) => {
    if (operation === 'flush' && path.endsWith('.wal')) throw new Error('the power fails');
  };
  void journal.append(1, payload, 2);
  await opened.log.failure;
  const first = Math.floor(position / sectorBytes);
  const last = Math.floor((scanAll(files.afterExit()).outcome.position - 1) / sectorBytes);
  return { files, sectors: Array.from({ length: last - first + 1 }, (_, index) => first + index) };
}

describe.each([
  ['text', payloadOf('last ', 2_600)],
  ['zeros in the middle', Buffer.concat([payloadOf('last ', 700), Buffer.alloc(1_400), payloadOf('last', 300)])],
  ['zeros', Buffer.alloc(2_600)],
])('the last batch, of %s, with some of its sectors lost', (_, payload) => {
  test('is found as a whole or not at all, and the log continues', async () => {
    const { files, sectors } = await beforeLastFlush(payload);
    expect(sectors.length).toBeGreaterThan(4);
    for (let mask = 0; mask < 2 ** sectors.length; mask++) {
      const left = files.afterPowerLoss((_path, sector) => (mask & (1 << sectors.indexOf(sector))) !== 0);
      const found = scanAll(left);
      const isWhole = found.records.length === 2;
      const content = left.files.get(segmentPath(folder, found.outcome.segment))!.content;
      const isNothing = content.subarray(found.outcome.position).every((byte) => byte === 0);
      expect(found.outcome.kind, `sectors ${mask.toString(2)}`).toBe(isWhole || isNothing ? 'end' : 'torn');
      expect(isWhole).toBe(isWhole && found.records[1]!.payload === payload.toString());
      if (mask % 7 === 0) await expectToContinue(left, found.records.length);
    }
  });
});

test('where nothing was flushed yet, the loss of the first batch is no damage, although later ones were written', async () => {
  const files = new MemoryFiles();
  const neverMs = 2 ** 31 - 1;
  const opened = await TestLog.open(files, { ...options, syncIntervalMs: neverMs });
  const journal = opened.journal(replica);
  for (let end = 1; end <= 3; end++) await journal.append(1, payloadOf('unflushed ', 600), end);
  const first = segmentHeaderBytes / sectorBytes;
  const left = files.afterPowerLoss((_path, sector) => sector > first + 1);
  expect(scanAll(left)).toMatchObject({ outcome: { kind: 'torn', nextBatch: 1 }, records: [] });
  await expectToContinue(left, 0);
});

async function expectToContinue(files: MemoryFiles, records: number): Promise<void> {
  const opened = await TestLog.open(files, options, [replica]);
  await opened.journal(replica).append(1, payloadOf('x', 20), 9);
  await opened.log.close();
  const found = scanAll(files);
  expect(found.outcome.kind).toBe('end');
  expect(found.records).toHaveLength(records + 1);
}
