/** How deep indexes lie in indexes at most: nobody nests twice, what is deeper no runtime pulls, and hostile ones nest for ever. */
export const MAX_NESTING = 4
