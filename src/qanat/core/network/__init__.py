"""VPCs, subnets, security groups, VPC endpoints and network interfaces."""
