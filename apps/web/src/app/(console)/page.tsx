import { Page } from '@/shell/page';

export default function StoresPage() {
  return <Page>stores</Page>;
}
