/** What the scripts of all pages begin with: elements that hold texts as text only, and how old a time is. */
export const SCRIPT_PARTS = `function element(tag, className, ...children) {
  const made = document.createElement(tag)
  if (className) made.className = className
  made.append(...children)
  return made
}

function age(since) {
  const minutes = Math.max(0, Math.round((Date.now() - since) / 60000))
  if (minutes < 120) return minutes + ' min ago'
  return minutes < 2880 ? Math.round(minutes / 60) + ' h ago' : Math.round(minutes / 1440) + ' days ago'
}

for (const time of document.querySelectorAll('time[data-age]')) {
  if (Date.parse(time.dateTime) < Date.now()) time.append(' (' + age(Date.parse(time.dateTime)) + ')')
}

`
