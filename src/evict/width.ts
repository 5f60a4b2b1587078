/** How many reads, or writes to different tags, are under way at once for one repository; the limits of the Registry hold besides. */
export const WIDTH = 8
