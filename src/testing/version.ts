/**
 * The version that the server reports.
 *
 * @module
 */

/** The version whose replies and error texts the server has. */
export const VERSION: string = "7.0.15";
