export interface RotationRow {
	member: string;
	/** JSON of SignedRotation. */
	rotation: string;
	registration_record: string;
	/** JSON of Account, in force with her new keys. */
	account: string;
	expires_at: number;
	asked_at: number | null;
	/** Name of the browser in which she asked. */
	browser: string | null;
}

export interface RotationTables {
	rotations: RotationRow;
}
