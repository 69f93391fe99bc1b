const LOOK_MS = 300;

/** Under `npm start`, npm passes SIGTERM on to the shell between it and this process, and no further: when the shell is gone, this process is told in its place. */
export function stopWithNpm() {
  if (process.env.npm_lifecycle_event !== 'start' || process.platform === 'win32') return;
  const shell = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, LOOK_MS);
  timer.unref();
}
