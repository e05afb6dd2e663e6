/** Push frames that no server should send: they are handed on as they are, and what follows is read. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Connection } from "../../mod.ts";
import { Simulated } from "../connections/simulated.ts";
import { Raw } from "../harness/resp.ts";
import { Recorder } from "./recorder.ts";

const FRAMES: Record<string, [string, unknown[]]> = {
  "is empty": [">0\r\n", []],
  "begins with a number": [">1\r\n:1\r\n", [1]],
  "begins with an array": [">2\r\n*1\r\n:1\r\n:2\r\n", [[1], 2]],
  "begins with a null": [">2\r\n_\r\n:2\r\n", [null, 2]],
};

describe("a push frame that", () => {
  for (const [name, [frame, values]] of Object.entries(FRAMES)) {
    it(`${name} is read, whatever the pieces`, () => {
      for (const cut of [frame.length, 1, 3]) {
        const recorder = new Recorder();
        for (let at = 0; at < frame.length; at += cut) recorder.write(frame.slice(at, at + cut));
        recorder.write("*1\r\n" + frame + ":7\r\n");
        assert.deepEqual(recorder.told.filter((one) => one !== "begin"), [
          { push: values },
          { push: values },
          { reply: [7] },
        ]);
      }
    });

    it(`${name} is ignored and counted; the connection goes on`, async () => {
      const simulated = new Simulated();
      const connection = new Connection(simulated.options());
      await connection.connect();
      const heard: unknown[] = [];
      connection.listen({ push: (push) => void heard.push(push[0]) });
      simulated.peer.last.send(new Raw(frame));
      simulated.peer.last.send(new Raw(">1\r\n+news\r\n" + frame));
      assert.equal(await connection.send(["PING"]), "PONG");
      assert.deepEqual([heard, connection.ignoredPushes], [["news"], 2]);
      connection.disconnect();
    });
  }
});
