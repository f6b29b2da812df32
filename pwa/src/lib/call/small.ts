/** Shows somebody's picture over all other windows, or takes it back. `label` names whose; without a picture nothing happens. */
export async function showSmall(root: ParentNode, label: string | undefined): Promise<void> {
	if (document.pictureInPictureElement) return document.exitPictureInPicture();
	const video = [...root.querySelectorAll('video')].find((one) => one.ariaLabel === label);
	// Refused while there is no picture.
	await video?.requestPictureInPicture().catch(() => {});
}
