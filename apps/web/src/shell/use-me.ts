'use client';
import { useQuery } from '@tanstack/react-query';
import type { UserDto } from '@wardrobe/contracts';
import { useTRPC } from '@/trpc/client';

/** Who is signed in. Until that is known, nobody: what only admins may do is not offered. */
export function useMe(): { readonly user: UserDto | null; readonly admin: boolean } {
  const trpc = useTRPC();
  const me = useQuery(trpc.session.me.queryOptions());
  const user = me.data?.user ?? null;
  return { user, admin: user?.role === 'admin' };
}
