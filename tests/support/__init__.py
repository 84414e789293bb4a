"""What tests share: servers, clients, fakes and builders."""
