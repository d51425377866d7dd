import { expect, test } from 'vitest';
import { DataReport } from './data-report.js';

const mebibyte = 2 ** 20;

function newsOf(amounts: { bytes: number }): { news: DataReport; looks: () => number } {
  let looks = 0;
  const news = new DataReport(() => {
    looks++;
    return amounts.bytes;
  });
  return { news, looks: () => looks };
}

test('the first time everything is told, nothing included', () => {
  expect(newsOf({ bytes: 0 }).news.take(0)).toBe(0);
});

test('much is told at the next look, more or less; all else after half a second', () => {
  const data = { bytes: 10 * mebibyte };
  const { news } = newsOf(data);
  expect(news.take(1_000)).toBe(10 * mebibyte);
  data.bytes += mebibyte;
  expect(news.take(1_050)).toBe(11 * mebibyte);
  data.bytes -= 2 * mebibyte;
  expect(news.take(1_100)).toBe(9 * mebibyte);
  data.bytes += 1;
  expect(news.take(1_200)).toBeUndefined();
  expect(news.take(1_599)).toBeUndefined();
  expect(news.take(1_650)).toBe(9 * mebibyte + 1);
  expect(news.take(2_100)).toBeUndefined();
  expect(news.take(2_150)).toBe(9 * mebibyte + 1);
});

test('however often it is asked, it does not look all the time', () => {
  const { news, looks } = newsOf({ bytes: 1 });
  for (let ms = 0; ms < 100; ms++) news.take(ms);
  expect(looks()).toBe(2);
});
