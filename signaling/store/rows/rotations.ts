export interface RotationRow {
	member: string;
	/** JSON of SignedRotation. */
	rotation: string;
	registration_record: string;
	/** JSON of Account, in force with her new keys. */
	account: string;
	expires_at: number;
}

export interface RotationTables {
	rotations: RotationRow;
}
