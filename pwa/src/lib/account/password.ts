/** A password that is tried against a copy of the server's file has to hold for years. */
export const passwordCharactersMin = 12;
