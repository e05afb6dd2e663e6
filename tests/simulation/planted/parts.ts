/**
 * Defects of consumers, scripts, patterns and acknowledged writes.
 *
 * @module
 */
import { plant, type PlantedFault } from "./plant.ts";

/** The defects. */
export const OF_PARTS: readonly PlantedFault[] = [
  plant(
    "messages of a lost reply are not fetched",
    "src/client/streams/group_reader.ts",
    "    this.#startOver();\n    this.#delay =",
    "    this.#passDelay = this.#passAt = Infinity;\n    this.#delay =",
  ),
  plant(
    "messages of a consumer that has ended are not claimed",
    "src/client/streams/group_reader.ts",
    "else if (clock.now() >= this.#claimAt) messages",
    "else if (clock.now() === -1) messages",
  ),
  plant(
    "acknowledgements are not sent",
    "src/client/streams/group_reader.ts",
    "const count = await this.group.ack(stream, ids);",
    "const count = await Promise.resolve(ids.length);",
  ),
  plant(
    "pending messages in hand are fetched again",
    "src/client/streams/group_reader.ts",
    "return !held.has(id);",
    "return true;",
  ),
  plant(
    "a group that a restart has lost is not created again",
    "src/client/streams/group_reader.ts",
    'const gone = reply === "NOGROUP" &&',
    'const gone = reply === "NOGROUP!" &&',
  ),
  plant(
    "a script that the server has forgotten is not sent whole",
    "src/client/commands/scripts.ts",
    'const unknown = error.code === "NOSCRIPT" && !resends;',
    'const unknown = error.code === "NOSCRIPT" && resends;',
  ),
  plant(
    "scripts of pipelines are sent by their digests only",
    "src/client/commands/scripts.ts",
    "    made[index] = (command as ScriptCommand).whole;",
    "    void (command as ScriptCommand);",
  ),
  plant(
    "patterns do not come back after a loss",
    "src/client/pubsub/subscription_manager.ts",
    "for (const subscription of this.#subscriptions) this.#changed.add(subscription);",
    'for (const subscription of this.#subscriptions) {\n        if (subscription.kind !== "pattern") this.#changed.add(subscription);\n      }',
  ),
  plant(
    "too few replicas are enough",
    "src/client/commands/acknowledgement.ts",
    "if (count < replicas) throw",
    "if (count < 0) throw",
    true,
    "sentinel",
  ),
  plant(
    "replicas that are behind count as having a write",
    "src/client/commands/replication_wait.ts",
    "Number(offset) >= target",
    "Number(offset) >= Math.min(target, 0)",
    true,
    "cluster",
  ),
  plant(
    "a command that timed out and whose node has failed is told as not run",
    "src/cluster/redirection/redirect_attempts.ts",
    "throw mayHaveExecuted ? failure : failed;",
    "throw failed;",
    true,
    "cluster",
  ),
  plant(
    "a script whose repeat comes to a server that does not know it is not sent whole",
    "src/client/commands/scripts.ts",
    "if (!(error instanceof ReplyError && isRefusal(error))) throw error;",
    'if (!(error instanceof ReplyError) || error.executed !== "no" || !isRefusal(error)) throw error;',
    true,
    "sentinel",
  ),
  plant(
    "a repeated transaction that is refused is reported as not run",
    "src/cluster/commands/transaction.ts",
    "this.#outcomes = pending.cold?.mayHaveExecuted ? outcomes.map(withUnknownOutcome) : outcomes;",
    "this.#outcomes = outcomes;\n      void withUnknownOutcome;",
    true,
    "cluster",
  ),
  plant(
    "failures before the loss of a group count against its new one",
    "src/client/streams/group_reader.ts",
    "if (gone && !this.#createsAgain) this.#failures = 0;",
    "",
  ),
  plant(
    "a client stays at the replica to which its host name led for a while",
    "src/pool/reconnect.ts",
    'if ((role === "master" || named) && !found.has(pool)) found.set(pool, -Infinity);',
    "void [role, named];",
    true,
    "sentinel",
  ),
  plant(
    "a read that a replica redirects goes to a replica of the same slot again",
    "src/cluster/redirection/redirections.ts",
    "this.toMaster ||= !asking;",
    "void asking;",
    true,
    "cluster",
  ),
  plant(
    "a node that was elected counts as failed, as it was before",
    "src/cluster/topology/cluster_state.ts",
    '      node.health = "online";',
    "",
    true,
    "cluster",
  ),
  plant(
    "replicas of another server behind the same host name acknowledge a write",
    "src/client/commands/replication_wait.ts",
    "  return id === same;",
    "  return id === same || true;",
    true,
    "sentinel",
  ),
  plant(
    "commands called after unsent ones have expired are not looked at when one is redirected",
    "src/cluster/routing/in_flight.ts",
    "const called = gone + link.pending;",
    "const called = taken + link.pending;",
    true,
    "cluster",
  ),
];
