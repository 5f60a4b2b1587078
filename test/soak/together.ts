/**
 * Lanes of which one that fails ends all, by `broken`.
 * @throws why, once all have ended, unless something was lost: that says more
 */
export async function together(
  lanes: readonly Promise<void>[],
  broken: AbortController,
  isLost: () => boolean,
): Promise<void> {
  const ended = await Promise.allSettled(
    lanes.map((lane) =>
      lane.catch((error: unknown) => {
        broken.abort()
        throw error
      }),
    ),
  )
  const failed = ended.find((result) => result.status === 'rejected')
  if (failed !== undefined && !isLost()) throw failed.reason
}
