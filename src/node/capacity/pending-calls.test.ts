import { describe, expect, it } from 'vitest';
import { PendingCalls } from './pending-calls.js';

describe('calls that wait', () => {
  it('are refused beyond the limit of bytes, until others have ended', () => {
    const calls = new PendingCalls(1_000);
    const first = calls.begin(600);
    const second = calls.begin(0);
    second.hold(400);
    expect(() => calls.refuseWhatIsTooMuch()).not.toThrow();
    second.hold(1);
    expect(() => calls.refuseWhatIsTooMuch()).toThrow(expect.objectContaining({ code: 'OVERLOADED', executed: 'no' }));
    first.end();
    expect(() => calls.refuseWhatIsTooMuch()).not.toThrow();
  });

  it('are accepted while no other waits, however large', () => {
    const calls = new PendingCalls(10);
    calls.begin(1_000);
    expect(() => calls.refuseWhatIsTooMuch()).not.toThrow();
  });

  it('are counted once, though they end twice or hold more after their end', () => {
    const calls = new PendingCalls(10);
    const other = calls.begin(10);
    const call = calls.begin(5);
    call.end();
    call.end();
    call.hold(100);
    expect(calls.count).toBe(1);
    calls.begin(0);
    expect(() => calls.refuseWhatIsTooMuch()).not.toThrow();
    other.end();
    expect(calls.count).toBe(1);
  });

  it('to one service get half of the limits: the other half is left for the other services', () => {
    const calls = new PendingCalls(1_000);
    const ofService = calls.half();
    const held = [ofService.begin(300), ofService.begin(201)];
    expect(() => ofService.refuseWhatIsTooMuch()).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
    expect(() => calls.refuseWhatIsTooMuch()).not.toThrow();
    const other = calls.begin(500);
    expect(() => calls.refuseWhatIsTooMuch()).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
    expect(calls.count).toBe(3);
    for (const call of held) call.end();
    ofService.begin(400);
    ofService.begin(0);
    expect(() => calls.refuseWhatIsTooMuch()).not.toThrow();
    other.hold(200);
    expect(() => ofService.refuseWhatIsTooMuch()).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
    other.end();
    for (let count = 0; count < 4_095; count++) ofService.begin(0);
    expect(() => ofService.refuseWhatIsTooMuch()).toThrow('4096 calls');
    expect(() => calls.refuseWhatIsTooMuch()).not.toThrow();
  });

  it('are refused beyond a number', () => {
    const calls = new PendingCalls(10);
    for (let count = 0; count < 8_192; count++) calls.begin(0);
    expect(() => calls.refuseWhatIsTooMuch()).not.toThrow();
    calls.begin(0);
    expect(() => calls.refuseWhatIsTooMuch()).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
  });

  it('are kept until they take half of everything, or of what their service has', () => {
    const calls = new PendingCalls(1_000);
    const ofService = calls.half();
    expect([ofService.keep(250), ofService.keep(1), calls.keep(250), calls.keep(1)]).toEqual([true, false, true, false]);
    ofService.released(250);
    expect([calls.kept, calls.keep(200)]).toEqual([1, true]);
    for (let count = 0; count < 512; count++) expect(ofService.keep(0)).toBe(true);
    expect([ofService.keep(0), calls.keep(0), calls.kept]).toEqual([false, true, 515]);
  });

  it('report their end to a listener, at once if they have ended', () => {
    const call = new PendingCalls(1_000).begin(0);
    const ended: string[] = [];
    call.whenEnded(() => ended.push('first'));
    call.end();
    call.end();
    call.whenEnded(() => ended.push('second'));
    expect(ended).toEqual(['first', 'second']);
  });
});
