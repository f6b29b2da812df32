/** Every limit of the wire and of the store. Over a limit: a coded error, nothing lost. */
export const limits = {
	/** People in one call, the host included; a recorder comes on top. */
	peopleMax: 6,
	/** Members of one key group: people and a recorder. */
	membersMax: 7,
	/** One WebSocket message, bytes of JSON. */
	socketMessageBytes: 96 * 1024,
	/** One relayed body, characters of base64url. */
	relayBodyChars: 64 * 1024,
	/** One Welcome, characters of base64url. */
	welcomeChars: 64 * 1024,
	/** One key package, characters of base64url. */
	packageChars: 2 * 1024,
	/** Unused key packages that a seat may have on the server. */
	packagesPerSeat: 8,
	/** Relayed messages that wait for one seat's acknowledgement. */
	unacknowledgedPerSeat: 512,
	/** Relayed bodies in one second from one socket before `slow-down`. */
	messagesPerSecond: 200,
	/** Epochs in one second from one socket. */
	epochsPerSecond: 1,
	/** Knocks that may be open at one place at once. */
	knocksPerPlace: 3,
	/** A session that nobody is in ends by itself this long after its planned end, milliseconds. */
	forgottenMs: 24 * 60 * 60_000,
	/** Seats that one session may ever have: people, their reloads and recorders. */
	seatsPerSession: 256,
	/** Messages that could not be read before the socket is closed. */
	malformedMax: 20,
	/** Bytes that may wait to be sent to one socket before it is closed. */
	bufferedBytes: 4 * 1024 * 1024,
	/** Sockets that may be open from one address. */
	socketsPerAddress: 200,
	/** Time for the first message of a socket, milliseconds. */
	helloMs: 10_000,
	/** A socket without any message for this long is closed, milliseconds. */
	silenceMs: 45_000,
	/** Both ends send a ping this often, milliseconds. */
	pingMs: 20_000,
	/** One JSON request, bytes. */
	requestBytes: 512 * 1024,
	/** One chunk of a recording, bytes: a whole STRK segment with header and tag, or a run of them. */
	chunkBytes: 1024 * 1024 + 64 * 1024,
	/** Chunks of one object: 194 days of one a second. */
	chunksPerObject: 2 ** 24,
	/** Tracks of one recording: audio, video and final object of each person, with room for late ones. */
	tracksPerRecording: 64,
	/** Parts of one track: a crash begins a new one. */
	partsPerTrack: 1024,
	/** Checkpoints of one recording: a day of one every 10 seconds. */
	checkpointsPerRecording: 8640,
	/** A recorder that was silent this long is lost, milliseconds. */
	aliveMs: 10_000,
	/** Reminders that are sent by themselves to one person. */
	remindersPerPlace: 5,
	/** Sessions whose people are invited in one: those of a series. */
	sessionsAtOnce: 26,
	/** Messages about one session before nobody is written to any more. */
	postPerSession: 300,
	/** Sealed text of a session, a place or a recording, characters of base64url. */
	sealedChars: 16 * 1024,
	/** One sealed text beside a recording, characters of base64url. */
	annotationChars: 384 * 1024,
	/** What a recipient of a share opens, characters of base64url. */
	shareContentChars: 256 * 1024,
	/** A device keeps a copy for use without a connection at most so long, milliseconds. */
	copyMs: 90 * 24 * 60 * 60_000,
	/** One grant, characters of JSON. */
	grantChars: 16 * 1024,
	/** One checkpoint or manifest, characters. */
	signedTextChars: 64 * 1024,
	/** The text of one notice about recording, characters. */
	noticeChars: 10_000,
	/** One page of digests: 8192 of 32 bytes, characters of base64url. */
	digestPageChars: 349_528,
	/** Members of a practice, participants with an account included. */
	practiceMembersMax: 200,
	/** Spent invitations of one member list. */
	spentMax: 1000,
	/** The signed member list, characters: as many members as there may be, and all that it remembers. */
	memberListChars: 1024 * 1024,
	/** A request with a member list and everybody's keys, bytes: as many as there may be at their longest. */
	listRequestBytes: 12 * 1024 * 1024,
	/** Sealed account data: unlockers and sealed identity together, characters. */
	accountChars: 64 * 1024,
	/** Secret keys of the practice sealed to one member, with those that were replaced, characters. */
	memberKeysChars: 48 * 1024,
	/** Rows of one page of a list. */
	pageRows: 200,
	/** Tries of one OPAQUE login or recovery per account within `tryWindowMs`. */
	loginTries: 10,
	/** Milliseconds. */
	tryWindowMs: 15 * 60_000,
	/** A token is valid this long, milliseconds. */
	tokenMs: 15 * 60_000,
	/** The one-time setup token is valid this long, milliseconds. */
	setupTokenMs: 15 * 60_000,
	/** Default idle limit before staff keys are locked, milliseconds (45 CFR 164.312(a)(2)(iii)). */
	idleMs: 15 * 60_000,
	/** TURN credentials are valid this long, seconds. */
	turnSeconds: 6 * 60 * 60,
} as const;
