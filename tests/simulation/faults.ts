/**
 * The faults of a world.
 *
 * @module
 */
import type { Fault } from "./scenario.ts";
import type { World } from "./world.ts";

/** Lets a fault begin. */
export function applyFault(world: World, fault: Fault): void {
  const { network, topology } = world;
  const { servers } = topology;
  switch (fault.fault) {
    case "cut":
      return network.pick(fault.which)?.cut(fault.toServer, fault.bytes);
    case "freeze":
      return network.pick(fault.which)?.freeze(fault.ms);
    case "freezeAll":
      for (const socket of network.sockets) socket.freeze(fault.ms);
      network.muted(fault.ms);
      return;
    case "halfOpen":
      return network.pick(fault.which)?.halfOpen(fault.serverKeeps);
    case "stall":
      return network.pick(fault.which)?.stall(fault.bytes, fault.ms);
    case "slowReader":
      return network.pick(fault.which)?.delayReplies(fault.ms);
    case "kill":
      return network.pick(fault.which)?.kill();
    case "refuse":
      return network.refused(fault.ms);
    case "hang":
      return network.muted(fault.ms);
    case "restart":
      for (const server of servers) {
        server.stop(fault.keep);
        if (fault.loading > 0) server.refuse("LOADING", fault.down + fault.loading);
      }
      return network.refused(fault.down);
    case "window":
      return servers[(fault.which ?? 0) % servers.length]!.refuse(fault.code, fault.ms);
    case "maxclients":
      for (const { state } of servers) state.config.set("maxclients", String(fault.limit));
      return world.time.later(fault.ms, () => {
        for (const { state } of servers) state.config.set("maxclients", "10000");
      });
    case "forget":
      for (const server of servers) server.run("SCRIPT", "FLUSH");
      return;
    case "flush":
      for (const server of servers) server.run("FLUSHALL");
      return;
    case "lie":
      world.recorder.lies = true;
      return;
    case "sleep":
      return world.jump(fault.ms);
    case "date":
      for (const clock of world.clocks) clock.moveDate(fault.ms);
      return;
    default:
      return topology.apply(fault);
  }
}
