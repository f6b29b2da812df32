export { type BookJson, ReceiptBook } from './book.ts';
export { RecorderKind } from './kind.ts';
export { type Asked, type Missing, type MissingReason, missingReceipts } from './missing.ts';
export {
	type Notice,
	type SignedNotice,
	noticeDigest,
	signNotice,
	verifyNotice,
} from './notice.ts';
export {
	type Receipt,
	type SignedReceipt,
	type VerifiedReceipt,
	latestOf,
	receiptsDigest,
	signReceipt,
	verifyReceipt,
} from './receipt.ts';
export { type Part2, isPart2 } from './part2.ts';
export { StatementSchema } from './statement.ts';
