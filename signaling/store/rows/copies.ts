export interface CopyTables {
	copies: CopyRow;
}

/**
 * A sealed copy on a device, for use without a connection. It outlives the deletion of the recording until the device
 * says that it removed it.
 */
export interface CopyRow {
	recording: string;
	device: string;
	member: string;
	kept_at: number;
	/** The device removes it by itself then. */
	expires_at: number;
	/** When the device last asked whether it may keep it. */
	seen_at: number;
}
