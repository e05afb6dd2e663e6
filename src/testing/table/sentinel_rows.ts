/**
 * The properties of the commands that only sentinels have, in version 7.0, as in `command_rows.ts`.
 *
 * @module
 */

/** One line for each command and subcommand. */
export const SENTINEL_ROWS: string = `
sentinel;-2;admin;0,0,0;admin slow dangerous
sentinel|ckquorum;3;admin;0,0,0;admin slow dangerous
sentinel|config;-3;admin;0,0,0;admin slow dangerous
sentinel|failover;3;admin;0,0,0;admin slow dangerous
sentinel|flushconfig;2;admin;0,0,0;admin slow dangerous
sentinel|get-master-addr-by-name;3;admin;0,0,0;admin slow dangerous
sentinel|help;2;loading stale;0,0,0;slow
sentinel|is-master-down-by-addr;6;admin;0,0,0;admin slow dangerous
sentinel|master;3;admin;0,0,0;admin slow dangerous
sentinel|masters;2;admin;0,0,0;admin slow dangerous
sentinel|monitor;6;admin;0,0,0;admin slow dangerous
sentinel|myid;2;admin;0,0,0;admin slow dangerous
sentinel|pending-scripts;2;admin;0,0,0;admin slow dangerous
sentinel|remove;3;admin;0,0,0;admin slow dangerous
sentinel|replicas;3;admin;0,0,0;admin slow dangerous
sentinel|reset;3;admin;0,0,0;admin slow dangerous
sentinel|sentinels;3;admin;0,0,0;admin slow dangerous
sentinel|set;-5;admin;0,0,0;admin slow dangerous
sentinel|slaves;3;admin;0,0,0;admin slow dangerous
`;
