import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { type ConnectionEvents, emit, type ReconnectingDetail, TypedEventTarget } from "../../src/events.ts";

class Link extends TypedEventTarget<ConnectionEvents> {}

const detail: ReconnectingDetail = { attempt: 2, delay: 40, cause: new Error("cut") };

/** Waits until a runtime has reported an unhandled exception or rejection, which would end this file. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("events", () => {
  it("reach functions and objects, with their detail and their target", () => {
    const link = new Link();
    const seen: unknown[] = [];
    link.addEventListener("reconnecting", function (this: unknown, event) {
      seen.push(this === link, event.target === link, event.type, event.detail);
    });
    link.addEventListener("reconnecting", { handleEvent: (event) => seen.push(event.detail.attempt) });
    assert.equal(emit(link, "reconnecting", detail), true);
    assert.deepEqual(seen, [true, true, "reconnecting", detail, 2]);
  });

  it("are an EventTarget's: once, signal, removal, and each listener one time", () => {
    const link = new Link();
    const control = new AbortController();
    let calls = 0;
    const listener = () => calls++;
    link.addEventListener("ready", listener);
    link.addEventListener("ready", listener);
    emit(link, "ready", { protocol: 3 });
    assert.equal(calls, 1);
    link.removeEventListener("ready", listener);
    emit(link, "ready", { protocol: 3 });
    assert.equal(calls, 1);
    link.addEventListener("ready", listener, { once: true });
    emit(link, "ready", { protocol: 3 });
    emit(link, "ready", { protocol: 3 });
    assert.equal(calls, 2);
    link.addEventListener("ready", listener, { signal: control.signal });
    emit(link, "ready", { protocol: 3 });
    control.abort();
    emit(link, "ready", { protocol: 3 });
    assert.equal(calls, 3);
    assert.ok(link instanceof EventTarget);
  });

  it("tell a listener of several events by one registration each", () => {
    const link = new Link();
    const seen: string[] = [];
    const listener = (event: { type: string }) => seen.push(event.type);
    link.addEventListener("connecting", listener);
    link.addEventListener("closed", listener);
    link.removeEventListener("connecting", listener);
    emit(link, "connecting", { attempt: 1 });
    emit(link, "closed", { cause: undefined });
    assert.deepEqual(seen, ["closed"]);
  });

  it("make no event object where nobody listens", () => {
    const link = new Link();
    const made = mock.method(globalThis, "CustomEvent");
    try {
      assert.equal(emit(link, "reconnecting", detail), false);
      link.addEventListener("closed", () => {});
      assert.equal(emit(link, "reconnecting", detail), false);
      assert.equal(made.mock.callCount(), 0);
    } finally {
      made.mock.restore();
    }
  });

  it("survive listeners that throw or reject, tell the others, and tell of the failure", async () => {
    const link = new Link();
    const seen: unknown[] = [];
    const failures: string[] = [];
    link.addEventListener(
      "listenererror",
      (event) => failures.push(`${event.detail.event}: ${event.detail.error}`),
    );
    link.addEventListener("closed", () => {
      throw new Error("thrown");
    });
    link.addEventListener("closed", () => Promise.reject(new Error("rejected")));
    link.addEventListener("closed", {
      handleEvent() {
        throw new Error("thrown by an object");
      },
    });
    link.addEventListener("closed", (event) => seen.push(event.detail.cause));
    emit(link, "closed", { cause: "cut" });
    await settle();
    assert.deepEqual(seen, ["cut"]);
    assert.deepEqual(failures, [
      "closed: Error: thrown",
      "closed: Error: thrown by an object",
      "closed: Error: rejected",
    ]);
  });

  it("print a failure where nobody listens to failures, and end there", async () => {
    const link = new Link();
    const printed = mock.method(console, "error", () => {});
    try {
      link.addEventListener("closed", () => {
        throw new Error("first");
      });
      emit(link, "closed", { cause: undefined });
      link.addEventListener("listenererror", () => {
        throw new Error("second");
      });
      emit(link, "closed", { cause: undefined });
      await settle();
      assert.deepEqual(printed.mock.calls.map((call) => call.arguments.map(String)), [
        ['A listener of the event "closed" failed:', "Error: first"],
        ['A listener of the event "listenererror" failed:', "Error: second"],
      ]);
    } finally {
      printed.mock.restore();
    }
  });

  it("ignore a listener that is null, as EventTarget does", () => {
    const link = new Link();
    link.addEventListener("ready", null);
    link.removeEventListener("ready", null);
    assert.equal(emit(link, "ready", { protocol: 2 }), false);
  });
});
