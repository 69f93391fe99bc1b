/** The mark: a hanger over a shelf. */
export function Mark() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth={1.9} strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      <path d="M9.6 5.2A2.4 2.4 0 1 1 12 7.6v1.6" />
      <path d="M12 9.2 3.5 15c-.9.6-.5 2 .6 2h15.8c1.1 0 1.5-1.4.6-2z" />
      <path d="M3 21h18" />
    </svg>
  );
}
