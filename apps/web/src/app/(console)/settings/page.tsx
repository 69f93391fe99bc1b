import { AccountView } from './account-view';

export default function AccountPage() {
  return <AccountView />;
}
