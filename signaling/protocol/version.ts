/** The one number that client and server compare; a difference is answered with `version`. */
export const protocolVersion = 1;
